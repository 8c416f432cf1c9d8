//! The store tried as a whole: power cuts, full disks, deletion, keys that must be gone.
//! Never asserts how long anything takes.

mod blobs;
mod bus;
mod crash;
mod keys;
mod street;
