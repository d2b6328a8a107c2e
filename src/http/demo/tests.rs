//! Scripts of this page.
