// What runs now, as it goes on.
import { gone } from "./page.js";

const place = document.querySelector("[data-live]");
const wanted = place.dataset.live;
let worked = !place.hidden;

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
stream.addEventListener("error", () => gone(stream.readyState !== EventSource.OPEN && !navigator.onLine));
