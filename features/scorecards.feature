Feature: How partners report
  Each partner of each company has a card for each period: whether its counts came in time and whole, how far they are from
  what we expect, how much it says again, how much of it could not be read or had to be adjusted, and what stays open and for
  how long. What one company knows of a partner is not on the card of another.

  Scenario: Two months of a partner of two companies and a partner of one
    Counts are due on the fifth day after the month. A share is of the rows a partner sent for the month, counts included.

    January. ACME tells EAST of three sales, the third a repeat of the second on the next day, and corrects the first from 10
    to 12: 12 + 5 are sold, 83 of 100 are left, and 83 are counted. It sent 3 + 1 + 1 = 5 rows: 1 of 5 says something again
    (20 %), 1 of 5 is left out as a repeat (20 %). BETA sold 8 of 50; it counts 45 where 42 are expected: 3 x 10.00 of
    42 x 10.00 is 1/14, or 7.1 %. It sent 3 rows and a fourth that cannot be read: 25 %. ACME's count for WEST comes on the
    ninth: none in time, and what that raises is an open exception.

    February. ACME counts nothing for EAST: no count in time, none of one, and the missing report is open since this month.
    It sends a sale of January, which is closed by then: a late file. For WEST all is well again. BETA still counts 45: the
    difference is open since 31 January, 28 days.

    Given scorecards under by partner
    And these companies
      | company |
      | EAST    |
      | WEST    |
    And these parts
      | part | list price |
      | X    | 10.00      |
    And the partners ACME, BETA
    And these shipments
      | company | invoice | date       | partner | part | quantity |
      | EAST    | 1       | 2026-01-02 | ACME    | X    | 100      |
      | EAST    | 2       | 2026-01-02 | BETA    | X    | 50       |
      | WEST    | 1       | 2026-01-02 | ACME    | X    | 40       |
    And these sales
      | company | partner | number | date       | part | quantity | received   |
      | EAST    | ACME    | I1     | 2026-01-10 | X    | 10       | 2026-02-03 |
      | EAST    | ACME    | I2     | 2026-01-12 | X    | 5        | 2026-02-03 |
      | EAST    | ACME    | I3     | 2026-01-13 | X    | 5        | 2026-02-03 |
      | WEST    | ACME    | W1     | 2026-01-15 | X    | 4        | 2026-02-03 |
    And these sales
      | company | partner | number | date       | part | quantity | received   |
      | EAST    | BETA    | B1     | 2026-01-10 | X    | 5        | 2026-02-03 |
      | EAST    | BETA    | B2     | 2026-01-20 | X    | 3        | 2026-02-03 |
      | EAST    | BETA    | B3     | 2026-01-32 | X    | 1        | 2026-02-03 |
    And these counts
      | company | partner | part | date       | quantity | received   |
      | EAST    | ACME    | X    | 2026-01-31 | 83       | 2026-02-03 |
      | EAST    | BETA    | X    | 2026-01-31 | 45       | 2026-02-03 |
    And these sales
      | company | partner | number | date       | part | quantity | received   |
      | EAST    | ACME    | I1     | 2026-01-10 | X    | 12       | 2026-02-05 |
    And these counts
      | company | partner | part | date       | quantity | received   |
      | WEST    | ACME    | X    | 2026-01-31 | 36       | 2026-02-09 |
    When what is known on 2026-02-09 is loaded with 1 row in quarantine
    And FY2026-P01 is closed for good
    And somebody asks for the scorecard
    Then the scorecards are
      | company | partner | on time | complete | variance rate | said again | refused | adjusted rate | late files | open exceptions | open over 20 days | grade |
      | EAST    | ACME    | 100.0 % | 100.0 %  | 0.0 %         | 20.0 %     | 0.0 %   | 20.0 %        | 0          | 0               | 0                 | A     |
      | EAST    | BETA    | 100.0 % | 100.0 %  | 7.1 %         | 0.0 %      | 25.0 %  | 0.0 %         | 0          | 1               | 0                 | A     |
      | WEST    | ACME    | 0.0 %   | 100.0 %  | 0.0 %         | 0.0 %      | 0.0 %   | 0.0 %         | 0          | 1               | 0                 | C     |
    And these thresholds are not met
      | who        | what                                                |
      | WEST, ACME | reports-in-time: on-time is 0, needs at least 100%  |
    Given these counts
      | company | partner | part | date       | quantity | received   |
      | EAST    | BETA    | X    | 2026-02-28 | 45       | 2026-03-03 |
      | WEST    | ACME    | X    | 2026-02-28 | 36       | 2026-03-03 |
    And these sales
      | company | partner | number | date       | part | quantity | received   |
      | EAST    | ACME    | I9     | 2026-01-30 | X    | 2        | 2026-03-03 |
    When what is known on 2026-03-03 is loaded
    And FY2026-P02 is closed on trial
    And somebody asks for the scorecard
    Then the scorecards are
      | company | partner | on time | complete | variance rate | said again | refused | adjusted rate | late files | open exceptions | open over 20 days | grade |
      | EAST    | ACME    | 0.0 %   | 0.0 %    | 0.0 %         | 0.0 %      | 0.0 %   | 0.0 %         | 1          | 1               | 0                 | C     |
      | EAST    | BETA    | 100.0 % | 100.0 %  | 7.1 %         | 0.0 %      | 0.0 %   | 0.0 %         | 0          | 1               | 1                 | B     |
      | WEST    | ACME    | 100.0 % | 100.0 %  | 0.0 %         | 0.0 %      | 0.0 %   | 0.0 %         | 0          | 0               | 0                 | A     |
    And every threshold is met
    And the grade of ACME was
      | company | FY2026-P01 | FY2026-P02 |
      | EAST    | A          | C          |
      | WEST    | C          | A          |
    And somebody who asks for the scorecard of FY2026-P03 is told "FY2026-P03 was not closed yet"
    And somebody who asks for the scorecard of GAMMA is told "FY2026-P02 has no card of GAMMA; it has those of ACME, BETA"
