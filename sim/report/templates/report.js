"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, n) => row.cells[n].dataset.v ?? row.cells[n].textContent.trim();
  const number = (text) => (text === "" || text === "nan" ? NaN : Number(text));
  heads.forEach((head, n) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((one, two) => {
        const [a, b] = [value(one, n), value(two, n)];
        const [x, y] = [number(a), number(b)];
        const known = !Number.isNaN(x) && !Number.isNaN(y);
        if (!known && Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
        return (down ? -1 : 1) * (known ? x - y : a.localeCompare(b));
      });
      table.tBodies[0].append(...rows);
    });
  });
}
// On paper nothing can be unfolded: tables come open, the YAML stays in the file.
let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")].filter((one) => one.querySelector("table"));
  unfolded.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => unfolded.forEach((one) => { one.open = false; }));
