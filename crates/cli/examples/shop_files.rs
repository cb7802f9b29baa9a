//! Writes the files of a shop into a folder: a night's sales, and the members of this night and of the next one. They are
//! always the same.
//!
//! `cargo run -p dfinery-cli --example shop_files -- FOLDER`

#[path = "../tests/common/shop.rs"]
#[allow(dead_code, reason = "the tests use what the shop knows of its files")]
mod shop;

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map(PathBuf::from).ok_or("name a folder")?;
    fs::create_dir_all(&folder)?;
    for (name, content) in [
        ("pos_20251120.csv", shop::sales(shop::SALES).csv),
        ("crm_20251120.csv", shop::members(shop::MEMBERS, false)),
        ("crm_20251121.csv", shop::members(shop::MEMBERS, true)),
    ] {
        fs::write(folder.join(name), &content)?;
        println!("{name}: {} bytes", content.len());
    }
    Ok(())
}
