// The menu of narrow screens: its button shows and hides it, and a click beside it hides it.
document.addEventListener("click", ({ target }) => {
  const menu = document.querySelectorAll("[data-toggle='wy-nav-shift']");
  const button = target.closest("[data-toggle='wy-nav-top']");
  const inside = target.closest(".wy-nav-side");
  for (const part of menu) part.classList.toggle("shift", button ? !part.classList.contains("shift") : Boolean(inside));
});
