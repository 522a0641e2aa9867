//! eve
