/// What a quota limits: all that is stored, or what one experiment stores.
public enum StorageScope: Sendable, Hashable {
    case installation
    case experiment(Experiment.ID)
}

/// What an installation stores, by experiment.
public struct StorageUsage: Codable, Sendable, Equatable {
    public struct Experiment: Codable, Sendable, Equatable {
        public var id: MartletCore.Experiment.ID
        public var name: String
        public var deleted: Bool
        public var runs: Int64 = 0
        /// Of those, runs that are deleted and not purged.
        public var deletedRuns: Int64 = 0
        public var points: Int64 = 0
        /// Bytes of the points as they are stored, with their pyramids.
        public var metricBytes: Int64 = 0
        /// Files of runs and models.
        public var artifacts: Int64 = 0
        /// Sum of their sizes.
        public var artifactBytes: Int64 = 0
        /// The most that `metricBytes` and `artifactBytes` may come to before files are refused; `nil` without a limit.
        public var quotaBytes: Int64?

        public init(id: MartletCore.Experiment.ID, name: String, deleted: Bool) {
            self.id = id
            self.name = name
            self.deleted = deleted
        }
    }

    public var experiments: [Experiment]
    /// Distinct contents and their bytes: what several files share counts once.
    public var blobs: Int64
    public var blobBytes: Int64
    /// What the quota of the installation counts: `metricBytes` and `artifactBytes` of all experiments, and the files that
    /// belong to none.
    public var usedBytes: Int64
    /// `nil` without a limit.
    public var quotaBytes: Int64?

    public init(experiments: [Experiment], blobs: Int64, blobBytes: Int64, usedBytes: Int64, quotaBytes: Int64?) {
        self.experiments = experiments
        self.blobs = blobs
        self.blobBytes = blobBytes
        self.usedBytes = usedBytes
        self.quotaBytes = quotaBytes
    }
}
