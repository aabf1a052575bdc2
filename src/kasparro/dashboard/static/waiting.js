// The database is away: look until it is back, then show the page.
const told = document.getElementById("waiting");

async function look() {
  try {
    const answer = await fetch("/health");
    if (answer.ok) {
      location.reload();
      return;
    }
    told.textContent = `Looked at ${new Date().toLocaleTimeString()}: not yet.`;
  } catch {
    told.textContent = `Looked at ${new Date().toLocaleTimeString()}: the server doesn’t answer either.`;
  }
  setTimeout(look, 3000);
}
setTimeout(look, 3000);
