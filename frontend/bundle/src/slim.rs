//! What wasm-bindgen writes and the page does not need.

use std::{collections::HashMap, fmt::Write as _};

use walrus::Module;

/// Exports for streamed bodies. The page streams none, but they would keep their code in the module.
const STREAMS: [&str; 2] = ["intounderlying", "__wbg_intounderlying"];

/// Drops from `module` what nobody calls, and gives the imports short names. Gives the `glue` with the same names, and
/// without indentation and documentation.
///
/// wasm-bindgen's names carry hashes, which no compression makes shorter, in the module and in the glue.
pub(crate) fn slim(module: &mut Module, glue: &str) -> String {
    let is_stream = |name: &str| STREAMS.iter().any(|begin| name.starts_with(begin));
    let streams: Vec<_> = module.exports.iter().filter(|it| is_stream(&it.name)).map(walrus::Export::id).collect();
    for export in streams {
        module.exports.delete(export);
    }
    let mut names = HashMap::new();
    for (at, import) in module.imports.iter_mut().enumerate() {
        let short = format!("i{at}");
        names.insert(std::mem::replace(&mut import.name, short.clone()), short);
    }
    renamed(&without_comments(glue), &names)
}

/// The glue without indentation and documentation: nobody reads it, everybody loads it. wasm-bindgen begins no line of
/// a template string with a space.
fn without_comments(glue: &str) -> String {
    let mut text = String::with_capacity(glue.len());
    let mut is_comment = false;
    for line in glue.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        is_comment |= line.starts_with("/**");
        if !is_comment {
            text.extend([line, "\n"]);
        }
        is_comment &= !line.ends_with("*/");
    }
    text
}

/// The glue with other names for the imports; each stands at the beginning of a line, before a colon.
fn renamed(glue: &str, names: &HashMap<String, String>) -> String {
    glue.lines().fold(String::with_capacity(glue.len()), |mut text, line| {
        let known = line.split_once(':').and_then(|(name, rest)| Some((names.get(name)?, rest)));
        // Writing into a string cannot fail.
        let _ = match known {
            Some((name, rest)) => writeln!(text, "{name}:{rest}"),
            None => writeln!(text, "{line}"),
        };
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_loads_what_nobody_reads() {
        assert_eq!(
            without_comments("/**\n * Why\n */\nconst a = {\n    b: 1,\n\n    /** c */\n};\n"),
            "const a = {\nb: 1,\n};\n"
        );
    }

    #[test]
    fn imports_are_called_what_the_module_calls_them() {
        let mut module = Module::default();
        let number = module.types.add(&[walrus::ValType::I32], &[]);
        module.add_import_func("./x_bg.js", "__wbg_focus_0123456789abcdef", number);
        let (pull, _) = module.add_import_func("./x_bg.js", "__wbg_pull_0123456789abcdef", number);
        module.exports.add("intounderlyingsource_pull", pull);
        module.exports.add("main", pull);
        let glue = "const i = {\n  __wbg_focus_0123456789abcdef: function(a) { a.focus(); },\n  __wbg_pull_0123456789abcdef: b,\n};\n";
        let glue = slim(&mut module, glue);
        assert_eq!(glue, "const i = {\ni0: function(a) { a.focus(); },\ni1: b,\n};\n");
        assert_eq!(module.imports.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["i0", "i1"]);
        assert_eq!(module.exports.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["main"]);
    }
}
