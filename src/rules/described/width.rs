//! How much a shape asks for, against what it claims to prove: a shape that everything fits is refused.

use crate::stratum::Strength;

use super::head::HeadForm;
use super::json::{Literal, Member, Test};
use super::{Form, Shape};

/// Bytes of a string that hardly appears by chance.
const LONG: usize = 8;
/// Bytes of a path that says something.
const SHORT: usize = 4;

/// Why a shape is too wide for what it claims, if it is.
pub(crate) fn too_wide(shape: &Shape) -> Option<&'static str> {
    match &shape.form {
        Form::Http(form) => head(form, shape.strength),
        Form::Json(members) => object(members, shape.strength),
        // Its length was checked; four bytes of text are as much as four of a path.
        Form::Text(text) if shape.strength == Strength::Unique && text.len() < LONG => {
            Some("is unique, but fewer than 8 bytes long")
        }
        Form::Text(_) => None,
    }
}

fn object(members: &[Member], strength: Strength) -> Option<&'static str> {
    let tests = || members.iter().flat_map(|m| &m.tests);
    if !tests().any(|t| !matches!(t, Test::Is(_))) {
        return Some("compares no member with anything but a kind");
    }
    if strength == Strength::Unique && members.len() < 2 && !tests().any(is_long) {
        return Some("is unique, but asks for one member of a short value");
    }
    None
}

fn is_long(test: &Test) -> bool {
    let long = |literal: &Literal| matches!(literal, Literal::Text(text) if text.len() >= LONG);
    match test {
        Test::Equal(literal) => long(literal),
        Test::Hex(digits) => *digits.start() >= LONG,
        Test::OneOf(literals) => literals.iter().all(long),
        Test::Prefix(prefix) => prefix.len() >= LONG,
        Test::Is(_) | Test::Length(_) => false,
    }
}

fn head(form: &HeadForm, strength: Strength) -> Option<&'static str> {
    let literal = form.path.literal();
    let parts = [literal >= SHORT, form.host.is_some(), form.header.is_some()];
    let asked = parts.into_iter().filter(|asked| *asked).count();
    if asked == 0 {
        return Some("asks for no host, no header and fewer than 4 bytes of a path");
    }
    if strength == Strength::Unique && asked < 2 && literal < LONG {
        return Some("is unique, but asks for fewer than 8 bytes of a path and nothing else");
    }
    None
}
