//! Bad days, played in a moment: the real engine, guard, ledger, holds and votes, a world of faults,
//! and a clock that is moved by hand. [`scenes`] tells stories, [`group`] those of a node among others,
//! [`people`] those that people have a hand in, [`each`] those in which one check of the guard is all
//! that stands between a node and a mistake, [`policies`] how the objects of people judge; [`seeds`]
//! plays many random days and checks what must hold whatever the faults are.
//!
//! Invariant: what is checked is taken from the world (what was really broken, done and written),
//! never from what the engine or the guard say of themselves.

mod common;
mod each;
mod group;
mod people;
mod policies;
mod promises;
mod quiet;
mod scenes;
mod seeds;
mod silence;
mod world;

use world::World;
