//! Rebuilds the binary when the built pages change; never needs Node (missing pages are allowed).

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
}
