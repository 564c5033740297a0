// The page; see docs/play_protocol.md.
export default { render() {} };
