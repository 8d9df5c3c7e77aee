//! What goes wrong with containers and their engine: each row says what is done, and what has to
//! be said; nothing may be left in the engine, whatever happens.

mod beside;
mod encrypted;
mod engine;
mod killed;
mod podman;
mod proxy;
mod scene;
mod scopes;
mod starts;
mod table;
