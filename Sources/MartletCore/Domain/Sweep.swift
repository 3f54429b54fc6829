/// A search for good parameters: runs that a server chooses and agents execute.
public struct Sweep: Sendable, Equatable {
    public enum State: String, Codable, Sendable, CaseIterable {
        /// No agent has asked yet.
        case pending
        case running
        /// Runs go on, no new ones begin.
        case paused
        /// Runs are stopped, agents leave.
        case cancelled
        /// No new runs begin; agents leave when theirs have ended.
        case finished
    }

    public var id: ID
    public var experimentID: Experiment.ID
    /// Eight characters, unique in the experiment: what people and agents call it.
    public var name: String
    /// Empty when there is none.
    public var displayName: String
    public var description: String
    /// YAML or JSON, as it was sent.
    public var configuration: String
    public var state: State
    /// Whether no new run will be chosen: all were tried, or there are as many as there may be.
    public var isExhausted: Bool
    /// Runs that are not deleted.
    public var runCount: Int64
    /// Who made it. Empty when not said.
    public var user: String
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Milliseconds since 1970-01-01 UTC of the last change of it or of a run chosen.
    public var updatedAt: Int64
    /// What a controller on the user's machine wants, as JSON; `nil` without one.
    public var controller: String?
    /// What became of that, as JSON; `nil` without one.
    public var scheduler: String?

    public init(
        id: ID,
        experimentID: Experiment.ID,
        name: String,
        displayName: String,
        description: String,
        configuration: String,
        state: State = .pending,
        isExhausted: Bool = false,
        runCount: Int64 = 0,
        user: String,
        createdAt: Int64,
        updatedAt: Int64,
        controller: String? = nil,
        scheduler: String? = nil
    ) {
        self.id = id
        self.experimentID = experimentID
        self.name = name
        self.displayName = displayName
        self.description = description
        self.configuration = configuration
        self.state = state
        self.isExhausted = isExhausted
        self.runCount = runCount
        self.user = user
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.controller = controller
        self.scheduler = scheduler
    }

    /// The tag by which a run names its sweep, so that searches find the runs of one. W&B's dialect reads it.
    public static let tag = "wandb.sweep"
    /// The tag by which a program is asked to stop, with the value `1`. W&B's dialect reads it.
    public static let stopTag = "wandb.stop"
    /// The tag by which a program says that its machine will be taken from it, with the value `1`. W&B's dialect sets it.
    public static let preemptingTag = "wandb.preempting"
}

/// A program that executes runs of a sweep, one at a time.
public struct SweepAgent: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        case running
        /// It was told that there is nothing left to do.
        case exited
        /// It did not report for `silentAfterMilliseconds`.
        case silent
    }

    public var id: ID
    public var sweep: Sweep.ID
    public var host: String
    public var user: String
    public var state: State
    /// Runs that it was given.
    public var runCount: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var heartbeatAt: Int64

    public init(
        id: ID,
        sweep: Sweep.ID,
        host: String,
        user: String,
        state: State = .running,
        runCount: Int64 = 0,
        createdAt: Int64,
        heartbeatAt: Int64
    ) {
        self.id = id
        self.sweep = sweep
        self.host = host
        self.user = user
        self.state = state
        self.runCount = runCount
        self.createdAt = createdAt
        self.heartbeatAt = heartbeatAt
    }

    /// An agent reports every five seconds; one that has not for this long is taken for dead, and runs that it was given
    /// and that did not begin are given to another.
    public static let silentAfterMilliseconds: Int64 = 120_000
}

/// One run of a sweep.
public struct SweepTrial: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        /// Chosen; its program has not reported yet.
        case pending
        case running
        case finished
        case failed
        /// It did not report for long, and nobody said that it ended.
        case crashed
        case killed
        /// Its program said that the machine would be taken from it, and then failed or fell silent: it is given to the
        /// next agent that is free.
        case preempted

        public var hasEnded: Bool { self != .pending && self != .running && self != .preempted }
    }

    public var run: Run.ID
    /// What the client calls the run.
    public var name: String
    /// From 1, in the order in which they were chosen.
    public var number: Int64
    /// `nil` for a run that joined by itself.
    public var agent: SweepAgent.ID?
    /// A JSON object; nested parameters are objects in it.
    public var parameters: String
    public var state: State
    /// How often it was given to an agent. Counted on to the next three when it was preempted and begins again.
    public var handed: Int64
    /// Whether its agent has reported it as running.
    public var isKnown: Bool
    /// Whether its agent is to stop it.
    public var isStopped: Bool
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Of the sweep's metric; `nil` while there is none.
    public var metric: MetricSummary?

    public init(
        run: Run.ID,
        name: String,
        number: Int64,
        agent: SweepAgent.ID?,
        parameters: String,
        state: State,
        handed: Int64 = 1,
        isKnown: Bool = false,
        isStopped: Bool = false,
        createdAt: Int64,
        metric: MetricSummary? = nil
    ) {
        self.run = run
        self.name = name
        self.number = number
        self.agent = agent
        self.parameters = parameters
        self.state = state
        self.handed = handed
        self.isKnown = isKnown
        self.isStopped = isStopped
        self.createdAt = createdAt
        self.metric = metric
    }

    /// How often a run that no agent has reported is given to one, until it is begun no more.
    public static let handingsOfOneBeginning: Int64 = 3

    /// Whether it was given to agents as often as it may be, and none reported it.
    public var isGivenUp: Bool { handed % Self.handingsOfOneBeginning == 0 }

    /// `handed` once it is given to an agent now.
    public var handedNext: Int64 {
        let most = Self.handingsOfOneBeginning
        return state == .preempted ? (handed + most - 1) / most * most + 1 : handed + 1
    }
}

/// How much the parameters of a sweep matter for its metric.
public struct SweepImportance: Sendable, Equatable {
    public struct Parameter: Sendable, Equatable {
        /// Dotted for a nested one.
        public var name: String
        /// A share of 1.
        public var importance: Double
        /// Pearson's coefficient; `nil` for categories.
        public var correlation: Double?
        /// Spearman's coefficient; `nil` for categories.
        public var rankCorrelation: Double?

        public init(name: String, importance: Double, correlation: Double?, rankCorrelation: Double?) {
            self.name = name
            self.importance = importance
            self.correlation = correlation
            self.rankCorrelation = rankCorrelation
        }
    }

    /// Most important first. Parameters that never differ are left out.
    public var parameters: [Parameter]
    /// The share of the metric's variance that they explain; near zero the importances are noise. `nil` for few runs.
    public var explained: Double?
    /// Runs with a value.
    public var runs: Int

    public init(parameters: [Parameter], explained: Double?, runs: Int) {
        self.parameters = parameters
        self.explained = explained
        self.runs = runs
    }
}
