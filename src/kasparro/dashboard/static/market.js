// Search as you type, and pages without a reload: the server renders, the table is swapped.
import { ask, gone } from "./page.js";

const form = document.getElementById("filters");
const pause = 150;
let timer;
let going;

async function swap(address, push) {
  going?.abort();
  going = new AbortController();
  const results = document.getElementById("results");
  results.setAttribute("aria-busy", "true");
  try {
    const answer = await ask(address, { signal: going.signal });
    if (answer.status === 429) {
      gone(true, `Too many requests. This goes on in ${answer.headers.get("retry-after") ?? 60} seconds.`);
      results.setAttribute("aria-busy", "false");
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("results");
    if (!found) {
      // An error has a page of its own, with what to do.
      location.assign(address);
      return;
    }
    results.replaceWith(document.adoptNode(found));
    if (push) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  } catch (error) {
    if (error.name !== "AbortError") results.setAttribute("aria-busy", "false");
  }
}

function target() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value.trim()) query.append(name, value);
  const asked = query.toString();
  return form.action + (asked ? `?${asked}` : "");
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => swap(target(), false), pause);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(timer);
  swap(target(), true);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  swap(link.href, true);
});
addEventListener("popstate", () => location.reload());
