//! Replies with one error for the whole request: the request's body need not even be read.

use super::Refusal;
use kafka_protocol::messages::*;

/// `Api => Response` has an `error_code`; with `, text N` an `error_message` too, since version N.
macro_rules! whole {
    ($refusal:ident, $api:ident; $($key:ident => $response:ident $(, text $since:literal)?;)*) => {
        match $api {
            $(ApiKey::$key => {
                #[allow(unused_mut)]
                let mut response = $response::default().with_error_code($refusal.error);
                $(if let Some(text) = $refusal.text_since($since) {
                    response.error_message = text.into();
                })?
                $refusal.reply(&response)
            })*
            _ => None,
        }
    };
}

/// `None` when the error has no single place in this API or version.
pub(super) fn refuse(refusal: &Refusal<'_>, api: ApiKey) -> Option<Vec<u8>> {
    match (api, refusal.version()) {
        (ApiKey::JoinGroup, _) => return join_group(refusal),
        // These versions have no error of their own, only one per item.
        (ApiKey::ElectLeaders, 0) | (ApiKey::DescribeLogDirs, ..3) => return None,
        (ApiKey::AddPartitionsToTxn, ..4) => return None,
        _ => {}
    }
    whole! { refusal, api;
        Heartbeat => HeartbeatResponse;
        LeaveGroup => LeaveGroupResponse;
        SyncGroup => SyncGroupResponse;
        ListGroups => ListGroupsResponse;
        SaslHandshake => SaslHandshakeResponse;
        ApiVersions => ApiVersionsResponse;
        InitProducerId => InitProducerIdResponse;
        AddPartitionsToTxn => AddPartitionsToTxnResponse;
        AddOffsetsToTxn => AddOffsetsToTxnResponse;
        EndTxn => EndTxnResponse;
        DescribeAcls => DescribeAclsResponse, text 0;
        DescribeLogDirs => DescribeLogDirsResponse;
        SaslAuthenticate => SaslAuthenticateResponse, text 0;
        CreateDelegationToken => CreateDelegationTokenResponse;
        RenewDelegationToken => RenewDelegationTokenResponse;
        ExpireDelegationToken => ExpireDelegationTokenResponse;
        DescribeDelegationToken => DescribeDelegationTokenResponse;
        ElectLeaders => ElectLeadersResponse;
        AlterPartitionReassignments => AlterPartitionReassignmentsResponse, text 0;
        ListPartitionReassignments => ListPartitionReassignmentsResponse, text 0;
        OffsetDelete => OffsetDeleteResponse;
        DescribeClientQuotas => DescribeClientQuotasResponse, text 0;
        DescribeUserScramCredentials => DescribeUserScramCredentialsResponse, text 0;
        DescribeQuorum => DescribeQuorumResponse, text 2;
        UpdateFeatures => UpdateFeaturesResponse, text 0;
        DescribeCluster => DescribeClusterResponse, text 0;
        UnregisterBroker => UnregisterBrokerResponse, text 0;
        ListTransactions => ListTransactionsResponse;
        ConsumerGroupHeartbeat => ConsumerGroupHeartbeatResponse, text 0;
        GetTelemetrySubscriptions => GetTelemetrySubscriptionsResponse;
        PushTelemetry => PushTelemetryResponse;
        ListConfigResources => ListConfigResourcesResponse;
        ShareGroupHeartbeat => ShareGroupHeartbeatResponse, text 0;
        ShareFetch => ShareFetchResponse, text 0;
        ShareAcknowledge => ShareAcknowledgeResponse, text 0;
    }
}

/// Before version 7 the protocol's name may not be null.
fn join_group(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    let name = if refusal.version() < 7 {
        Some(Default::default())
    } else {
        None
    };
    let response = JoinGroupResponse::default().with_error_code(refusal.error);
    refusal.reply(&response.with_protocol_name(name))
}
