/// Writes a tar again with some facts of its entries changed; blocking.
package enum TarRewriter {
    /// Copies `source` to `sink`; `adjust` may change all of an entry but its path, kind and size.
    package static func rewrite(
        _ source: any BlockSource, to sink: any BlockSink, _ adjust: (inout ArchiveEntry) -> Void
    ) throws(ArchiveError) {
        let reader = try TarReader(source)
        while var entry = try reader.nextEntry() {
            adjust(&entry)
            try sink.write(TarEncoder.header(for: entry))
            guard entry.kind == .file else { continue }
            let body = reader.body(of: entry)
            while let block = try body.nextBlock() { try sink.write(block) }
            try sink.write([UInt8](repeating: 0, count: TarEncoder.padding(after: entry.size)))
        }
        try sink.write(TarEncoder.end)
    }
}
