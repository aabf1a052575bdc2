// A key for a pass: the browser keeps the pass, where no script sees it, and nobody keeps the key.
import { ask } from "./page.js";

const answer = document.getElementById("answer");

document.getElementById("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = document.getElementById("key").value.trim();
  if (!/^[!-~]+$/.test(key)) {
    answer.textContent = "That can’t be a key: it has characters that keys don’t have.";
    return;
  }
  answer.textContent = "Asking …";
  try {
    const found = await ask("/dashboard/pass", { method: "POST", headers: { authorization: `Bearer ${key}` }, body: "" });
    if (found.ok) location.reload();
    else answer.textContent = `${(await found.json()).detail}.`;
  } catch {
    answer.textContent = "The server can’t be reached.";
  }
});
