//! How much a stranger's query may cost, in one place and with the arithmetic. Never a limit of
//! what entities hold; those are where entities are read.

/// The longest parameter. Servers in front cut a URL at 8 KiB; a body's query is held to the same.
pub const QUERY_BYTES_MAX: usize = 8_192;

/// Leaves of one expression. Each looks through an entity's attributes: 128 leaves on a usual
/// entity of 10 attributes are 1,280 comparisons of two addresses, 4 µs.
pub const LEAVES_MAX: usize = 128;

/// Parentheses within parentheses. Reading takes 300 bytes of stack a level: 5 kB of 2 MB.
pub const DEPTH_MAX: usize = 16;

/// Names in one path, inside the brackets and outside; entities of more levels are not met.
pub const PATH_MAX: usize = 8;

/// Values in one list; each is compared with each item of a target that is an array.
pub const VALUES_MAX: usize = 64;

/// Patterns in one query. Each compiles to 64 KiB at most, its cache grows to as much again.
pub const PATTERNS_MAX: usize = 8;

/// The longest pattern. Its automaton has about one state a byte, and matching is linear in
/// states times bytes at worst: 256 × 1,000 bytes of text are 256,000 steps, 0.3 ms.
pub const PATTERN_BYTES_MAX: usize = 256;

/// A compiled pattern, so that `(a{99}){99}` is refused rather than built.
pub const PATTERN_COMPILED_BYTES_MAX: usize = 65_536;

/// Identifiers in `id`, names in `attrs`, `pick` and `omit`: 1,000 are more than a page has.
pub const NAMES_MAX: usize = 1_000;

/// Positions of a reference geometry; a URL's 8 KiB hold 400 of 20 bytes. Against an outline of
/// 1,000 positions a relation is 500,000 pairs of segments of 5 ns, 2.5 ms, and most entities fall
/// to their bounding box before. The worst that we could make, a line that crosses hundreds of
/// triangles a thousand times without leaving them, took 0.9 s for 1,000 by 1,000: 0.2 s by 500.
pub const POSITIONS_MAX: usize = 500;

/// `lastN`: 10,000 instances of 100 bytes an attribute are an answer of a megabyte.
pub const LAST_N_MAX: u32 = 10_000;

/// Keys to order by; the fifth has never made a difference to anybody.
pub const ORDER_KEYS_MAX: usize = 8;

/// Linked entities that one query looks up: of a million 0.2 s, then the question is too wide.
pub const LOOKUPS_MAX: usize = 1_000_000;

/// Relationships that are followed one after the other in answers and queries; braces are as deep.
pub const JOIN_LEVELS_MAX: usize = DEPTH_MAX;
