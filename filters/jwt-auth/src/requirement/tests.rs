use super::*;

fn provider(provider: usize) -> Requirement {
    Requirement::Provider(ProviderRequirement {
        provider,
        audiences: None,
        scopes: None,
        claims: Vec::new(),
    })
}

/// Evaluates with these results of the providers, in order; `None` accepts.
fn outcome(requirement: &Requirement, outcomes: &[Option<Reason>]) -> Result<Vec<usize>, Reason> {
    evaluate(requirement, &mut |p| match outcomes[p.provider] {
        None => Ok(p.provider),
        Some(reason) => Err(Refusal::of(reason)),
    })
    .map_err(|refusal| refusal.reason)
}

#[test]
fn requirements_combine() {
    let any = Requirement::Any(vec![provider(0), provider(1)]);
    let all = Requirement::All(vec![provider(0), provider(1)]);
    let optional = Requirement::Optional(Box::new(any.clone()));
    let optional_all = Requirement::Optional(Box::new(all.clone()));
    let ignore = Requirement::IgnoreFailure(Box::new(any.clone()));
    let (missing, issuer, expired) = (
        Some(Reason::Missing),
        Some(Reason::Issuer),
        Some(Reason::Expired),
    );
    for (requirement, outcomes, expected) in [
        (&Requirement::Nothing, [expired, expired], Ok(vec![])),
        (
            &Requirement::Any(vec![]),
            [None, None],
            Err(Reason::Missing),
        ),
        (
            &Requirement::All(vec![]),
            [None, None],
            Err(Reason::Missing),
        ),
        (&any, [None, None], Ok(vec![0])),
        (&any, [expired, None], Ok(vec![1])),
        (&any, [missing, issuer], Err(Reason::Issuer)),
        (&any, [expired, issuer], Err(Reason::Expired)),
        (&any, [issuer, expired], Err(Reason::Expired)),
        (&any, [Some(Reason::Scope), expired], Err(Reason::Scope)),
        (
            &any,
            [expired, Some(Reason::KeysUnavailable)],
            Err(Reason::KeysUnavailable),
        ),
        (&any, [missing, missing], Err(Reason::Missing)),
        (&all, [None, None], Ok(vec![0, 1])),
        (&all, [None, expired], Err(Reason::Expired)),
        (&all, [missing, expired], Err(Reason::Expired)),
        (&optional_all, [missing, missing], Ok(vec![])),
        (&optional_all, [missing, expired], Err(Reason::Expired)),
        (&optional_all, [None, missing], Err(Reason::Missing)),
        (&optional_all, [None, None], Ok(vec![0, 1])),
        (&optional, [missing, missing], Ok(vec![])),
        (&optional, [missing, expired], Err(Reason::Expired)),
        (&optional, [missing, issuer], Err(Reason::Issuer)),
        (&optional, [missing, None], Ok(vec![1])),
        (&ignore, [expired, issuer], Ok(vec![])),
        (&ignore, [expired, None], Ok(vec![1])),
    ] {
        assert_eq!(
            outcome(requirement, &outcomes),
            expected,
            "{requirement:?} {outcomes:?}"
        );
    }
}

#[test]
fn a_bad_token_is_found_however_deep_its_provider_is_named() {
    let (missing, forged) = (Some(Reason::Missing), Some(Reason::Signature));
    let optional = |inner: Requirement| Requirement::Optional(Box::new(inner));
    let any = || Requirement::Any(vec![provider(0), provider(1)]);
    let all = || Requirement::All(vec![provider(0), provider(1)]);
    for requirement in [
        optional(all()),
        optional(any()),
        optional(optional(all())),
        optional(Requirement::All(vec![Requirement::Any(vec![
            all(),
            provider(0),
        ])])),
        optional(Requirement::All(vec![any(), provider(0)])),
        Requirement::All(vec![optional(provider(0)), optional(provider(1))]),
        Requirement::All(vec![Requirement::Any(vec![optional(all())])]),
    ] {
        let outcome = |outcomes: [Option<Reason>; 2]| outcome(&requirement, &outcomes);
        assert_eq!(outcome([missing, missing]), Ok(vec![]), "{requirement:?}");
        for outcomes in [[missing, forged], [forged, missing], [forged, forged]] {
            assert_eq!(outcome(outcomes), Err(Reason::Signature), "{requirement:?}");
        }
    }
}

#[test]
fn a_failure_that_may_change_is_waited_for_before_it_is_ignored_or_outweighed() {
    let waits = |requirement: &Requirement| {
        evaluate(requirement, &mut |p| {
            Err::<(), _>(Refusal {
                reason: if p.provider == 0 {
                    Reason::UnknownKey
                } else {
                    Reason::Scope
                },
                may_change: p.provider == 0,
                ..Refusal::missing()
            })
        })
        .is_err_and(|refusal| refusal.may_change)
    };
    assert!(waits(&Requirement::Any(vec![provider(1), provider(0)])));
    assert!(waits(&Requirement::IgnoreFailure(Box::new(provider(0)))));
    assert!(waits(&Requirement::Optional(Box::new(provider(0)))));
}
