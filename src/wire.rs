//! Wire formats below the dialects.
