internal import CNftables

/// libnftables in the namespace of the thread that made this value.
///
/// Blocks for some milliseconds; one call at a time, which is the caller's duty.
final class PacketRules {
    private let context: OpaquePointer

    init() throws(NetworkError) {
        guard let context = nft_ctx_new(UInt32(NFT_CTX_DEFAULT)) else {
            throw .rules("nftables is not to be had on this kernel")
        }
        self.context = context
        nft_ctx_buffer_error(context)
        nft_ctx_buffer_output(context)
    }

    deinit { nft_ctx_free(context) }

    /// Runs one transaction, text or JSON: all of it happens, or nothing.
    func run(_ transaction: String) throws(NetworkError) {
        nft_ctx_output_set_flags(context, transaction.hasPrefix("{") ? UInt32(NFT_CTX_OUTPUT_JSON) : 0)
        guard nft_run_cmd_from_buffer(context, transaction) == 0 else {
            let reason = nft_ctx_get_error_buffer(context).map { String(cString: $0) } ?? ""
            let lines = reason.split(separator: "\n")
            throw .rules(lines.isEmpty ? "no reason given" : lines.prefix(2).joined(separator: " "))
        }
    }

    /// What a listing prints.
    func output(of command: String) throws(NetworkError) -> String {
        try run(command)
        return nft_ctx_get_output_buffer(context).map { String(cString: $0) } ?? ""
    }
}
