//! account_file
