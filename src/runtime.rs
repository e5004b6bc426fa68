//! The shell: the terminal and what is written to it.
