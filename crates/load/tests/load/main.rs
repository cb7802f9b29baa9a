//! Bulk loading against the emulator.
mod any_file;
mod audit;
mod basics;
mod chaos;
mod damage;
mod options;
mod peers;
mod quota;
mod receipts;
mod records;
mod resume;
mod sender;
mod service;
mod speaker;
mod stream;
mod warnings;
