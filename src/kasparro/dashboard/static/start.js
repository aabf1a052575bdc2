// Starting a run: the key goes into the header of one request, and is forgotten with the page.
import { ask } from "./page.js";

const form = document.getElementById("start");
const answer = document.getElementById("answer");
const go = document.getElementById("go");
// Sent again (a lost answer, a second click), it asks for the same run.
let once = crypto.randomUUID?.() ?? String(Math.random()).slice(2);

function tell(text, target) {
  answer.replaceChildren(text);
  if (!target) return;
  const link = document.createElement("a");
  link.href = target;
  link.textContent = "See it";
  answer.append(" ", link);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const sources = [...form.querySelectorAll("input[name=source]:checked")].map((box) => box.value);
  if (!sources.length) {
    tell("Choose at least one source.");
    return;
  }
  const key = document.getElementById("key").value.trim();
  if (!/^[!-~]+$/.test(key)) {
    tell("That can’t be a key: it has characters that keys don’t have.");
    return;
  }
  go.disabled = true;
  tell("Asking …");
  try {
    const found = await ask("/etl/run", {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "idempotency-key": once },
      body: JSON.stringify({ sources }),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
    const told = await found.json();
    if (found.status === 202) {
      location.assign(`/dashboard/runs/${told.run_id}`);
      return;
    }
    once = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    const run = found.headers.get("location")?.match(/^\/runs\/(\d+)$/)?.[1];
    tell(`${told.detail}.`, run && `/dashboard/runs/${run}`);
  } catch {
    tell("The server can’t be reached. Nothing may have been started; sent again, it is the same run.");
  } finally {
    go.disabled = false;
  }
});
