// What runs now, as it goes on.
import { gone } from "./page.js";

const place = document.querySelector("[data-live]");
const wanted = place.dataset.live;
const again = 15000;
let worked = !place.hidden;

function watch() {
  const stream = new EventSource(`/dashboard/live${wanted ? `?run=${wanted}` : ""}`);
  stream.addEventListener("running", (event) => {
    gone(false);
    place.innerHTML = event.data;
    place.hidden = false;
    worked = true;
  });
  stream.addEventListener("idle", () => {
    gone(false);
    place.hidden = true;
    // The rest of the page is of before the run's end.
    if (worked) location.reload();
  });
  stream.addEventListener("error", () => {
    gone(!navigator.onLine);
    // Browsers come again by themselves when a stream ends, but not when one is refused.
    if (stream.readyState === EventSource.CLOSED) setTimeout(watch, again);
  });
}

watch();
