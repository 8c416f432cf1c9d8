// Files that the page makes and the reader keeps: nothing is uploaded.
export function save(name: string, parts: BlobPart[], type = 'text/plain;charset=utf-8'): void {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  // The browser has taken the address when the click returns; a moment more does no harm.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
