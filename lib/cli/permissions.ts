/** What finding an outbox needs; with `--table` it does without. */
const find = [
  'cloudformation:DescribeStackResources',
  'cloudformation:GetTemplate',
  'cloudformation:ListStackResources',
  'cloudformation:ListStacks',
  'lambda:GetFunctionConfiguration',
  'lambda:ListFunctions',
];

const look = ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'];

const readArchive = ['s3:GetObject', 's3:ListBucket'];

const sign = ['sts:GetCallerIdentity'];

const changeQueue = [
  'sqs:ChangeMessageVisibility',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'sqs:GetQueueUrl',
  'sqs:ReceiveMessage',
];

const queueStack = [
  'cloudformation:DescribeStackResources',
  'cloudformation:GetTemplate',
  'cloudformation:ListStackResources',
];

const send = ['sqs:SendMessage'];

const lookAtGaps = ['dynamodb:GetItem', 'dynamodb:Query'];

const passGap = ['dynamodb:DeleteItem', 'dynamodb:PutItem'];

/** The IAM actions that each command may use. A customer managed key of the table or a queue also needs `kms:Decrypt`. */
export const permissions = {
  status: [
    ...find,
    ...look,
    'cloudwatch:GetMetricData',
    'lambda:ListEventSourceMappings',
    'sqs:GetQueueAttributes',
    'sqs:GetQueueUrl',
  ],
  ls: [...find, ...look],
  show: [...find, ...look, ...readArchive],
  tail: [...find, ...look],
  redrive: [...find, ...look, ...sign, 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
  discard: [
    ...find,
    ...look,
    ...sign,
    'dynamodb:DeleteItem',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
  ],
  replay: [
    ...find,
    ...look,
    ...readArchive,
    ...sign,
    'dynamodb:DescribeTable',
    'dynamodb:PutItem',
    'events:PutEvents',
    'sns:Publish',
    'sqs:SendMessage',
  ],
  sweep: [...find, 'lambda:InvokeFunction'],
  doctor: [
    ...find,
    ...look,
    'dynamodb:DescribeTable',
    'dynamodb:DescribeTimeToLive',
    'events:DescribeEventBus',
    'events:ListRules',
    'events:ListTargetsByRule',
    'iam:SimulatePrincipalPolicy',
    'kms:DescribeKey',
    'lambda:GetFunctionConcurrency',
    'lambda:ListEventSourceMappings',
    'sns:GetTopicAttributes',
    'sns:ListSubscriptionsByTopic',
    'sqs:GetQueueAttributes',
    'sqs:GetQueueUrl',
  ],
  'redrive-queue': [
    ...queueStack,
    ...changeQueue,
    ...send,
    'sqs:ListDeadLetterSourceQueues',
    'sqs:ListQueues',
  ],
  'inbox ls': [
    ...find,
    ...lookAtGaps,
    'cloudwatch:GetMetricData',
    'lambda:ListEventSourceMappings',
    ...changeQueue.filter((action) => action !== 'sqs:DeleteMessage'),
  ],
  'inbox show': [
    ...find,
    ...lookAtGaps,
    ...changeQueue.filter((action) => action !== 'sqs:DeleteMessage'),
  ],
  'inbox skip': [...find, ...lookAtGaps, ...passGap, ...sign, ...send],
  'inbox adopt': [...find, ...lookAtGaps, ...passGap, ...sign, ...send],
  'inbox redrive': [...find, ...changeQueue, ...send, 'lambda:ListEventSourceMappings'],
  'inbox discard': [...find, ...changeQueue],
  'schema check': [],
  'schema write': [],
  'saga ls': [...find, 'dynamodb:Query'],
  'saga show': [...find, 'dynamodb:GetItem'],
} as const satisfies Record<string, readonly string[]>;

export type CommandName = keyof typeof permissions;
