// Constructs: what a CDK app imports as `cdk-outbox`.
export {};
