// What a service's tests import as `cdk-outbox/testing`.
export {};
