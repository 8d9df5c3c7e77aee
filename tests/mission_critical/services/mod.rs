//! What goes wrong with containers and their engine: each row says what is done, and what has to
//! be said; nothing may be left in the engine, whatever happens.

mod engine;
mod killed;
mod proxy;
mod scene;
mod table;
