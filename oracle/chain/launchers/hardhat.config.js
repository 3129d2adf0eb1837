// The network of `hardhat node` when the oracle starts it; see oracle/chain/local.py.
// A failed transaction is mined and reported by its receipt, as on every other chain.
const interval = Number(process.env.ORACLE_BLOCK_TIME_MS);

export default {
  paths: { cache: process.env.ORACLE_HARDHAT_CACHE, artifacts: process.env.ORACLE_HARDHAT_CACHE },
  networks: {
    node: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: Number(process.env.ORACLE_CHAIN_ID),
      hardfork: process.env.ORACLE_HARDFORK,
      throwOnTransactionFailures: false,
      throwOnCallFailures: true,
      mining: interval > 0 ? { auto: false, interval } : { auto: true, interval: 0 },
    },
  },
};
