// Words about cameras and requests that the square brought in; the square itself has its words in
// crates/register/src/words. Forms parted by `|` are singular and plural.
export const square = {
  'sq.list': 'List of the cameras',
  'sq.search': 'Find a camera by place or name',

  'how.abandoned': 'abandoned',
  'how.answered': 'answered',
  'how.expired': 'expired',
  'how.withdrawn': 'withdrawn',
} as const satisfies Record<string, string>;
