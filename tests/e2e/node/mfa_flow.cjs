// The MFA flow with the SDK for JavaScript, as an application would write it.
//
// The endpoint, the region and the long-term key are in the environment; the role, the
// serial numbers and token codes of two devices are arguments. It prints one JSON object: what each
// step answered.
const { DynamoDBClient, ListTablesCommand, PutItemCommand } = require("@aws-sdk/client-dynamodb");
const { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } = require("@aws-sdk/client-sts");
const { fromTemporaryCredentials } = require("@aws-sdk/credential-providers");

const [roleArn, table, serial, wrongCode, roleCode, otherSerial, otherCode] = process.argv.slice(2);
const once = { maxAttempts: 1 };

async function answer(call) {
  try {
    return { is_ok: true, result: await call() };
  } catch (error) {
    return {
      is_ok: false,
      name: error.name,
      message: error.message,
      status: error.$metadata?.httpStatusCode,
    };
  }
}

function assumed(code, asked) {
  return fromTemporaryCredentials({
    params: {
      RoleArn: roleArn,
      RoleSessionName: "javascript",
      ...(code ? { SerialNumber: serial } : {}),
    },
    mfaCodeProvider: async (device) => {
      asked?.push(device);
      return code;
    },
    clientConfig: once,
  });
}

function listTables(credentials) {
  return answer(async () => {
    const client = new DynamoDBClient({ ...once, ...(credentials ? { credentials } : {}) });
    return (await client.send(new ListTablesCommand({}))).TableNames;
  });
}

async function main() {
  const told = { asked: [] };
  told.long_term = await listTables();
  told.without_mfa = await listTables(assumed(""));
  told.wrong_code = await listTables(assumed(wrongCode));
  // Awaited: two clients would ask for a code each, and a code is good once.
  const role = await assumed(roleCode, told.asked)();
  told.with_mfa = await listTables(role);
  told.identity = await answer(async () => {
    const client = new STSClient({ ...once, credentials: role });
    return (await client.send(new GetCallerIdentityCommand({}))).Arn;
  });

  const sts = new STSClient(once);
  const put = (credentials) =>
    answer(async () => {
      const client = new DynamoDBClient({ ...once, credentials });
      const item = { Title: { S: "The Name of the Rose" } };
      await client.send(new PutItemCommand({ TableName: table, Item: item }));
      return "put";
    });
  const session = async (mfa) => {
    const { Credentials } = await sts.send(new GetSessionTokenCommand(mfa));
    return {
      accessKeyId: Credentials.AccessKeyId,
      secretAccessKey: Credentials.SecretAccessKey,
      sessionToken: Credentials.SessionToken,
    };
  };
  told.plain_session = await put(await session({}));
  told.used_code = await answer(() => session({ SerialNumber: serial, TokenCode: roleCode }));
  const mfa = { SerialNumber: otherSerial, TokenCode: otherCode };
  told.mfa_session = await put(await session(mfa));
  console.log(JSON.stringify(told));
}

main();
