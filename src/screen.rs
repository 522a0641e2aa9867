//! The stateless look at a payload that ends most traffic.
