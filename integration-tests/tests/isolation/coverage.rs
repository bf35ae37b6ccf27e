//! What must be covered, from the compiled descriptors.

use prost_reflect::DescriptorPool;

/// Every RPC as "contractoros.identity.v1.ClientService/GetClient".
pub(crate) fn rpcs() -> Vec<String> {
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).expect("the descriptors are compiled");
    pool.services()
        .flat_map(|service| {
            service
                .methods()
                .map(|method| format!("{}/{}", service.full_name(), method.name()))
                .collect::<Vec<_>>()
        })
        .collect()
}
