import MartletCore

/// A name that may be given, checked and given inside one transaction: all checks come before the first write.
enum CheckedName {
    case none
    case file(ArtifactRows.Vacancy)
    case part(Int, upload: String)

    /// - Throws: what `BlobStore.store` says of names.
    init(_ name: BlobName?, _ connection: any SQLConnection) throws {
        switch name {
        case nil: self = .none
        case .artifact(let path, let owner, _):
            self = .file(try ArtifactRows.vacancy(at: path.description, of: owner.key, connection))
        case .part(let number, let upload, _):
            try UploadRows.requireOpen(upload, connection)
            self = .part(number, upload: upload)
        }
    }

    /// Gives the name to a blob that has a row.
    func give(to blob: StoredBlob, now: Int64, _ connection: any SQLConnection) throws {
        switch self {
        case .none: break
        case .file(let vacancy): try ArtifactRows.put(blob, at: vacancy, now: now, connection)
        case .part(let number, let upload):
            try UploadRows.add(BlobPart(number: number, blob: blob), to: upload, connection)
        }
    }
}
