// What every page has: the theme, times that go on, and a word when the server is gone.

const root = document.documentElement;
const themes = ["system", "light", "dark"];
const signs = { system: "◐", light: "○", dark: "●" };
const button = document.getElementById("theme");

function show(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  button.textContent = signs[theme];
  button.title = `Theme: ${theme}`;
  button.setAttribute("aria-label", `Theme: ${theme}`);
  document.dispatchEvent(new Event("theme"));
}

let theme = root.dataset.theme ?? "system";
show(theme);
button.hidden = false;
button.addEventListener("click", () => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  if (theme === "system") localStorage.removeItem("kasparro-theme");
  else localStorage.setItem("kasparro-theme", theme);
  show(theme);
});

// As the server writes it: the two largest units.
const units = [[86400, "d"], [3600, "h"], [60, "min"]];

export function span(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const place = units.findIndex(([length]) => seconds >= length);
  const [length, unit] = units[place];
  const whole = Math.floor(seconds / length);
  const [smaller, name] = units[place + 1] ?? [1, "s"];
  const rest = Math.floor((seconds % length) / smaller);
  return rest && whole < 10 ? `${whole} ${unit} ${rest} ${name}` : `${whole} ${unit}`;
}

function tick() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const text = seconds < 0 ? `in ${span(-seconds)}` : `${span(seconds)} ago`;
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(tick, 5000);

const offline = document.getElementById("offline");
const away = offline.textContent;

/** Fetches from our own server; says on the page when it can't be reached. Answers that are errors throw. */
export async function ask(target, options = {}) {
  let answer;
  try {
    answer = await fetch(target, options);
  } catch (error) {
    if (error.name !== "AbortError") gone(true);
    throw error;
  }
  gone(false);
  return answer;
}

/** Says above the page that something isn't as it should be, in words of its own or the usual ones. */
export function gone(yes, words = away) {
  offline.textContent = words;
  offline.hidden = !yes;
}
