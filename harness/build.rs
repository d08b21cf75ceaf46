//! The specs are part of the binary: a new script there means a new build.

fn main() {
    println!("cargo::rerun-if-changed=../specs");
    println!("cargo::rerun-if-changed=build.rs");
}
