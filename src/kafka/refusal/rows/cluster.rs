//! What is asked about the cluster, its users and its access rules.

use crate::chunk::Operation;
use crate::kafka::error::{
    CLUSTER_AUTHORIZATION_FAILED, DELEGATION_TOKEN_AUTHORIZATION_FAILED, POLICY_VIOLATION,
};
use crate::kafka::refusal::row::{Each, Row, each, other, row};

const USERS: &[Each] = &[
    each("Deletions", "Results")
        .echo(&[("Name", "User")])
        .code("ErrorCode", "ErrorMessage"),
    each("Upsertions", "Results")
        .echo(&[("Name", "User")])
        .code("ErrorCode", "ErrorMessage"),
];

pub(super) const ROWS: &[Row] = &[
    row(60, Operation::DescribeCluster, CLUSTER_AUTHORIZATION_FAILED),
    row(29, Operation::DescribeAcls, CLUSTER_AUTHORIZATION_FAILED),
    // Answered by place: a result has no name of its own.
    row(30, Operation::CreateAcls, POLICY_VIOLATION)
        .items(&[each("Creations", "Results").code("ErrorCode", "ErrorMessage")])
        .others(&[
            other("access for", &["Creations"], "Principal"),
            other("access to", &["Creations"], "ResourceName"),
        ]),
    row(31, Operation::DeleteAcls, POLICY_VIOLATION)
        .items(&[each("Filters", "FilterResults").code("ErrorCode", "ErrorMessage")])
        .others(&[
            other("access for", &["Filters"], "PrincipalFilter"),
            other("access to", &["Filters"], "ResourceNameFilter"),
        ]),
    row(
        38,
        Operation::CreateDelegationToken,
        DELEGATION_TOKEN_AUTHORIZATION_FAILED,
    )
    .others(&[other("token of", &[], "OwnerPrincipalName")]),
    row(
        39,
        Operation::RenewDelegationToken,
        DELEGATION_TOKEN_AUTHORIZATION_FAILED,
    ),
    row(
        40,
        Operation::ExpireDelegationToken,
        DELEGATION_TOKEN_AUTHORIZATION_FAILED,
    ),
    row(
        41,
        Operation::DescribeDelegationToken,
        DELEGATION_TOKEN_AUTHORIZATION_FAILED,
    ),
    row(
        48,
        Operation::DescribeClientQuotas,
        CLUSTER_AUTHORIZATION_FAILED,
    ),
    row(49, Operation::AlterClientQuotas, POLICY_VIOLATION)
        .items(&[each("Entries", "Entries")
            .code("ErrorCode", "ErrorMessage")
            .inner(&[each("Entity", "Entity")
                .echo(&[("EntityType", "EntityType"), ("EntityName", "EntityName")])])])
        .others(&[
            other("[EntityType]", &["Entries", "Entity"], "EntityName"),
            other("validate only", &[], "ValidateOnly"),
        ]),
    row(
        50,
        Operation::DescribeUserScramCredentials,
        CLUSTER_AUTHORIZATION_FAILED,
    ),
    row(51, Operation::AlterUserScramCredentials, POLICY_VIOLATION)
        .items(USERS)
        .others(&[
            other("user", &["Deletions"], "Name"),
            other("user", &["Upsertions"], "Name"),
        ]),
    row(55, Operation::DescribeQuorum, CLUSTER_AUTHORIZATION_FAILED),
    row(57, Operation::UpdateFeatures, POLICY_VIOLATION).others(&[
        other("feature", &["FeatureUpdates"], "Feature"),
        other("validate only", &[], "ValidateOnly"),
    ]),
    row(64, Operation::UnregisterBroker, POLICY_VIOLATION).others(&[other(
        "broker",
        &[],
        "BrokerId",
    )]),
    row(80, Operation::AddRaftVoter, POLICY_VIOLATION).others(&[other(
        "controller",
        &[],
        "VoterId",
    )]),
    row(94, Operation::UnregisterController, POLICY_VIOLATION).others(&[other(
        "controller",
        &[],
        "ControllerId",
    )]),
    row(81, Operation::RemoveRaftVoter, POLICY_VIOLATION).others(&[other(
        "controller",
        &[],
        "VoterId",
    )]),
];
