/** A thread of the load, which ends soon after it was asked to finish. */
abstract class Worker extends Thread {
  final Settings settings;
  final Recorder recorder;
  private volatile boolean isFinishing;

  Worker(String name, Settings settings, Recorder recorder) {
    super(name);
    this.settings = settings;
    this.recorder = recorder;
    setDaemon(true);
  }

  /** Returns at once. */
  final void finish() {
    isFinishing = true;
  }

  final boolean isFinishing() {
    return isFinishing;
  }
}
