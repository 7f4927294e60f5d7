//! Recipients are found by Exchange's filter language, typographic quotes and all; what is wrong
//! with a filter is shown where it stands.

use crate::support::{Node, objects};

#[test]
fn and_a_wrong_filter_is_shown_with_its_place() {
    let more = "\n[[mailbox]]\nname = \"anna\"\naddress = \"anna@example.test\"\nhidden = true\n\
        proxy_addresses = [\"anna.ahlers@example.test\"]\n\
        \n[[mail_contact]]\nname = \"Archive\"\naddress = \"archive@example.test\"\n\
        external_address = \"in@archive.example.net\"\n\
        \n[[distribution_group]]\nname = \"all\"\naddress = \"all@example.test\"\n\
        members = [\"anna@example.test\"]\n";
    let node = Node::start(|port| objects(port) + more);
    let names = |filter: &str| -> Vec<String> {
        let list = node.json(&["recipient", "list", "--filter", filter]);
        let recipients = list["recipients"].as_array().unwrap();
        recipients
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("EmailAddresses -like 'anna.*'"), ["anna"]);
    assert_eq!(
        names("{(RecipientType –eq ‘UserMailbox’) -and (-not(Name -like ‘health-*’))}"),
        ["anna", "info", "journal"]
    );
    assert_eq!(
        names(
            "HiddenFromAddressListsEnabled -eq $true -and RecipientTypeDetails -ne 'MonitoringMailbox'"
        ),
        ["anna"]
    );
    assert_eq!(names("ExternalEmailAddress -ne $null"), ["Archive"]);
    let page = node.ask(&["recipient", "list", "--filter", "Name -eq 'all'"]);
    assert!(
        page.contains("(Name -eq 'all')") && page.contains("1 of 6"),
        "{page}"
    );
    let (code, said) = node.refused(&["recipient", "list", "--filter", "Nmae -eq 'all'"]);
    assert!(
        code != 0 && said.contains("did you mean Name?") && said.contains("^^^^"),
        "{said}"
    );
}
