package compat;

import java.util.logging.LogManager;

/** Runs the suites named as arguments, and ends with 1 if a test fails. */
public final class Main {
    private Main() {}

    public static void main(String[] suites) {
        // Lettuce tells of every new connection; what a test makes of it is enough.
        LogManager.getLogManager().reset();
        Cases cases = new Cases();
        for (String suite : suites) {
            switch (suite) {
                case "jedis" -> JedisCases.add(cases);
                case "lettuce" -> LettuceCases.add(cases);
                default -> throw new IllegalArgumentException("unknown suite " + suite);
            }
        }
        // Libraries leave threads behind that would keep the process.
        System.exit(cases.run() ? 0 : 1);
    }
}
