/** The only script of a page: it searches events, and opens folded parts before the page is printed. */
export const SCRIPT = `
for (const section of document.querySelectorAll('[data-search]')) {
  const rows = [...section.querySelectorAll('tbody tr')];
  const output = section.querySelector('output');
  const texts = rows.map((row) => row.textContent.toLowerCase());
  section.querySelector('input').addEventListener('input', ({ target }) => {
    const words = target.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !words.every((word) => texts[i].includes(word));
      if (!row.hidden) shown++;
    });
    output.textContent = words.length === 0 ? rows.length + ' events' : shown + ' of ' + rows.length + ' events';
  });
}
let opened = [];
addEventListener('beforeprint', () => {
  opened = [...document.querySelectorAll('details:not([open])')];
  for (const details of opened) details.open = true;
});
addEventListener('afterprint', () => {
  for (const details of opened) details.open = false;
});
`;
