// Paper cannot be unfolded: what is folded on the screen is open on it.
export function openOnPaper(details: HTMLDetailsElement): () => void {
  let was = false;
  const before = () => {
    was = details.open;
    details.open = true;
  };
  const after = () => (details.open = was);
  addEventListener('beforeprint', before);
  addEventListener('afterprint', after);
  return () => {
    removeEventListener('beforeprint', before);
    removeEventListener('afterprint', after);
  };
}
