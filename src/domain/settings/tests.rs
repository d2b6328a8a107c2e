//! Rules as scripts, and random histories against them.
