extension StoreCore {
    /// One object as of `revision`, or as readers see it now.
    ///
    /// - Throws: ``StoreError/compacted(through:)``, ``StoreError/future(current:)``.
    package func get(_ key: StoreKey, at revision: Revision? = nil) throws(StoreError) -> StoredObject? {
        let revision = try readable(revision)
        return history(of: key).flatMap { visible($0, at: revision) }
    }

    /// A page; `request.limit` bounds what is returned, not what is looked at.
    ///
    /// - Throws: ``StoreError/compacted(through:)``, ``StoreError/future(current:)``.
    package func list(_ request: ListRequest) throws(StoreError) -> ListPage {
        let revision = try readable(request.at)
        switch (request.range, request.term) {
        case (.key(let key), _):
            let object = history(of: key).flatMap { visible($0, at: revision) }
            let found = [object].compactMap { $0 }.filter { $0.has(request.term) && $0.isBehind(request.after) }
            return ListPage(objects: found, revision: revision)
        case (.folder, let term?) where revision == published: return listTerm(term, request)
        case (.folder(let folder), _): return listFolder(folder, request, at: revision)
        }
    }

    private func listFolder(_ folder: KeyFolder, _ request: ListRequest, at revision: Revision) -> ListPage {
        // The byte after the slash closes the folder.
        let end =
            folder.path.isEmpty ? index.place(of: "\u{7F}") : index.place(of: String(folder.path.dropLast()) + "0")
        var place = index.place(of: folder.path)
        if let after = request.after, after.path >= folder.path {
            place = index.place(of: after.path)
            if index.entry(at: place)?.key == after { place = index.place(after: place) }
        }
        var page = ListPage(objects: [], revision: revision)
        while place < end, let entry = index.entry(at: place) {
            let object = slots[Int(entry.slot)].flatMap { visible($0, at: revision) }
            if let object, object.has(request.term) {
                if let limit = request.limit, page.objects.count == limit {
                    page.next = page.objects.last?.key
                    page.remaining = index.count(from: place, to: end)
                    return page
                }
                page.objects.append(object)
            }
            place = index.place(after: place)
        }
        return page
    }

    /// As readers see it now: through the index of terms.
    private func listTerm(_ term: IndexTerm, _ request: ListRequest) -> ListPage {
        var objects = terms.slots(term).compactMap { slot in
            slots[Int(slot)].flatMap { visible($0, at: published) }
        }
        objects.removeAll { !$0.has(term) || !request.range.holds($0.key) || !$0.isBehind(request.after) }
        objects.sort { $0.key < $1.key }
        guard let limit = request.limit, objects.count > limit else {
            return ListPage(objects: objects, revision: published)
        }
        let remaining = objects.count - limit
        objects.removeLast(remaining)
        return ListPage(objects: objects, revision: published, next: objects.last?.key, remaining: remaining)
    }

    private func visible(_ history: History, at revision: Revision) -> StoredObject? {
        history.object(at: history.isEphemeral ? published : revision)
    }

    /// `revision`, or that of now, if it can be read.
    func readable(_ revision: Revision?) throws(StoreError) -> Revision {
        guard let revision else { return published }
        guard revision >= compacted else { throw .compacted(through: compacted) }
        guard revision <= published else { throw .future(current: published) }
        return revision
    }

    // MARK: what happened

    /// What `request` wants of what happened after `revision`, and how far that goes.
    ///
    /// Looks at about `limit` changes; the events of one revision are never parted.
    ///
    /// - Throws: ``StoreError/compacted(through:)``, ``StoreError/future(current:)``.
    package func events(
        after revision: Revision, for request: WatchRequest, limit: Int = 4096
    ) throws(StoreError) -> WatchBatch {
        var through = try readable(revision)
        if hasNothing(for: request, after: revision) { return WatchBatch(events: [], through: published) }
        var events: [WatchEvent] = []
        let start = log.sequence(after: revision)
        for sequence in start..<max(start, publishedEnd) {
            guard let event = log[sequence]?.event else { continue }
            if sequence - start >= limit, event.revision > through {
                return WatchBatch(events: events, through: through)
            }
            through = event.revision
            if request.wants(event) { events.append(event) }
        }
        return WatchBatch(events: events, through: published)
    }

    /// The indexes know that there is nothing, without a look at the log.
    private func hasNothing(for request: WatchRequest, after revision: Revision) -> Bool {
        if revision == published { return true }
        if let term = request.term { return terms.touched(term).map { $0 <= revision } ?? true }
        if case .key(let key) = request.range {
            return history(of: key).map { $0.newest.revision <= revision } ?? true
        }
        return false
    }
}

extension StoredObject {
    func has(_ term: IndexTerm?) -> Bool { term.map(terms.contains) ?? true }
    func isBehind(_ after: StoreKey?) -> Bool { after.map { key > $0 } ?? true }
}
