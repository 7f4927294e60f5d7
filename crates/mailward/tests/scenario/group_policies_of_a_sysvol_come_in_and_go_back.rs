//! Restricted groups come in from the SYSVOL of a real domain (Samba), from files that Samba itself
//! wrote, and Samba reads what goes back.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    directories::Controller,
    support::{Node, objects, run},
};

/// The policies that every domain begins with.
const OF_THE_DOMAIN: &str = "{31B2F340-016D-11D2-945F-00C04FB984F9}";
const OF_CONTROLLERS: &str = "{6AC1786C-016F-11D2-945F-00C04FB984F9}";

/// What Samba writes.
const GROUPS: &str = "[Unicode]\r\nUnicode=yes\r\n[System Access]\r\nMinimumPasswordLength = 12\r\n\
    [Group Membership]\r\n*S-1-5-32-544__Memberof =\r\n\
    *S-1-5-32-544__Members = CORP\\Wks Admins,anna,*S-1-5-21-1-2-3-512\r\n\
    Power Users__Members =\r\nCORP\\Ops__Memberof = *S-1-5-32-544,Backup Operators\r\n\
    [Version]\r\nsignature=\"$CHICAGO$\"\r\nRevision=1\r\n";
const NO_GROUPS: &str =
    "[Unicode]\r\nUnicode=yes\r\n[System Access]\r\nMaximumPasswordAge = 42\r\n";

/// Runs a few lines of Python with Samba's reader and writer of these files as `file`, on the system's
/// own Python, which Samba is installed for.
#[track_caller]
fn samba(lines: &str, paths: &[&Path]) -> String {
    let script = format!(
        "import json, sys\nfrom samba.gp_parse.gp_inf import GptTmplInfParser\n\
         file = GptTmplInfParser()\nfile.parse(open(sys.argv[1], 'rb').read())\n{lines}\n"
    );
    let paths = paths.iter().map(|path| path.to_str().unwrap());
    let words: Vec<&str> = ["-c", script.as_str()].into_iter().chain(paths).collect();
    let (done, said) = run("/usr/bin/python3", &words, "");
    assert!(done, "{said}");
    said
}

/// Has Samba write a file of a policy into the domain.
fn write(sysvol: &Path, policy: &str, text: &str) {
    let place = format!("Policies/{policy}/MACHINE/Microsoft/Windows NT/SecEdit");
    let folder = sysvol.join(place);
    assert!(
        sysvol
            .join("Policies")
            .join(policy)
            .join("GPT.INI")
            .exists(),
        "a policy of the domain"
    );
    std::fs::create_dir_all(&folder).unwrap();
    let raw = folder.join("raw");
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    std::fs::write(&raw, units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    let to = folder.join("GptTmpl.inf");
    samba("file.write_binary(sys.argv[2])", &[&raw, &to]);
    std::fs::remove_file(raw).unwrap();
}

/// The memberships in a file as Samba reads them, in one order; what says nothing is left out.
fn as_samba_reads(file: &Path) -> Vec<Value> {
    let print = "print(json.dumps(file.sections['Group Membership'].param_list))";
    let said: Value = serde_json::from_str(&samba(print, &[file])).unwrap();
    let mut all: Vec<Value> = said.as_array().unwrap().clone();
    all.retain(|one| *one != json!([one[0], [""]]) || one[0][1] != "Memberof");
    for one in &mut all {
        let names = one[1].as_array_mut().unwrap();
        names.sort_by_key(ToString::to_string);
    }
    all.sort_by_key(ToString::to_string);
    all
}

#[test]
fn as_samba_writes_and_reads_them() {
    let domain = Controller::provision();
    let sysvol = domain.sysvol();
    write(&sysvol, OF_THE_DOMAIN, GROUPS);
    write(&sysvol, OF_CONTROLLERS, NO_GROUPS);
    let node = Node::start(objects);
    let place = sysvol.to_str().unwrap();
    let import = ["policy", "import", place, "--disabled"];
    node.ask(&import);
    let policy = node.json(&["policy", "show", OF_THE_DOMAIN]);
    assert_eq!(
        policy["spec"]["restricted_groups"],
        json!([
            { "group": "*S-1-5-32-544", "members": [r"CORP\Wks Admins", "anna", "*S-1-5-21-1-2-3-512"] },
            { "group": "Power Users", "members": [] },
            { "group": r"CORP\Ops", "member_of": ["*S-1-5-32-544", "Backup Operators"] },
        ]),
        "{policy}"
    );
    let output = node.command(&["policy", "export", OF_THE_DOMAIN]);
    let back = node.path("GptTmpl.inf");
    std::fs::write(&back, &output.stdout).unwrap();
    let file = format!("Policies/{OF_THE_DOMAIN}/MACHINE/Microsoft/Windows NT/SecEdit/GptTmpl.inf");
    let before = as_samba_reads(&sysvol.join(file));
    assert_eq!(before.len(), 3, "{before:?}");
    assert_eq!(as_samba_reads(&back), before);
}
