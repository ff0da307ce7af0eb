//! Paths and hosts in front of nginx.

use super::*;

#[test]
fn no_spelling_of_a_path_opens_a_door_of_nginx() {
    no_spelling_opens_a_door(&Servers::nginx().unwrap());
}

#[test]
fn nginx_serves_as_its_models() {
    let servers = Servers::nginx().unwrap();
    for (name, port) in servers.ports() {
        let model = match *name {
            "nginx" => "nginx",
            _ => "nginx, merge_slashes off",
        };
        serves_as_its_model(*port, model);
    }
}

#[test]
fn no_spelling_of_a_host_opens_a_door_of_nginx() {
    let servers = Servers::nginx().unwrap();
    let envoy = guarded(&servers, Normalization::all()[0]);
    for (host, status) in [
        ("admin.example.com", 401),
        ("ADMIN.example.COM", 401),
        ("admin.example.com.", 401),
        ("admin.example.com:80", 401),
        ("admin.example.com:", 401),
        ("Admin.example.com.:0080", 401),
        ("admin.example.com:x", 400),
        ("admin.example.com:+80", 400),
        ("admin.example.com:80:80", 400),
        ("x@admin.example.com", 400),
        ("admin.example.com..", 400),
        ("admin..example.com", 400),
        (".admin.example.com", 400),
        ("admin.example.com:80@x", 400),
        ("[admin.example.com]", 400),
        ("open.example.com", 200),
        ("open.example.com:8080", 200),
        ("[::1]:80", 200),
    ] {
        let answer = ask(&envoy, "nginx", host, "/", "");
        assert_eq!(answer.status, status, "{host}: {}", answer.text());
        assert!(!answer.text().starts_with("guarded"), "{host}");
    }
}
