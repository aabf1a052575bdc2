// Before anything is drawn, so that a dark page never flashes white.
const kept = localStorage.getItem("kasparro-theme");
if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
document.documentElement.classList.add("js");
