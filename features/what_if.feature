Feature: What if, beside the books
  A scenario supposes other rules, or sales to come, over the same facts. The periods are run again as the rules are and as
  it supposes, and both stand beside each other. Nothing of it is ever posted. All figures are worked by hand.

  Scenario: Another rate from a day on, and other places in the queue
    Two shipments: 100 units at 10, then 60 at 12. Forty units sell in January and forty in February, oldest first: each
    month releases 40 x 10 = 400, and pays 5 % of it, 20, as commission. Left deferred: 20 x 10 + 60 x 12 = 920.

    Ten per cent from February: 400 x 10 % = 40 instead of 20. January stays as it is.

    Thirty units more in January, had their file come in time: 30 x 10 = 300, and 15 of commission.

    The newest first: January releases 40 x 12 = 480, February 20 x 12 + 20 x 10 = 440. Of 1,720 deferred, 1,240 and 800
    are left.

    Given sell through under scenarios
    And the partners ACME
    And the parts X100
    And these sellers
      | seller | plan     |
      | KIM    | standard |
    And these shipments
      | document | date       | partner | part | quantity | unit price |
      | S-1      | 2026-01-05 | ACME    | X100 | 100      | 10         |
      | S-2      | 2026-01-20 | ACME    | X100 | 60       | 12         |
    And these sales
      | number | date       | partner | part | quantity | seller |
      | INV-1  | 2026-01-25 | ACME    | X100 | 40       | KIM    |
      | INV-2  | 2026-02-15 | ACME    | X100 | 40       | KIM    |
    When what is known on 2026-03-02 is loaded
    And FY2026-P01 is closed for good
    And somebody asks what if richer-commission through FY2026-P02
    Then beside each other stand
      | role               | partner | period     | as it is | what if | difference |
      | commission-expense | ACME    | FY2026-P01 | 20       | 20      | 0          |
      | commission-expense | ACME    | FY2026-P02 | 20       | 40      | 20         |
      | accrued-commission | ACME    | FY2026-P01 | 20       | 20      | 0          |
      | accrued-commission | ACME    | FY2026-P02 | 40       | 60      | 20         |
    And beside each other the results stand at
      | title           | as it is | what if | difference |
      | Product revenue | 800      | 800     | 0          |
      | Commission      | 40       | 60      | 20         |
    And revenue less expense is 760 as it is and 740 as supposed
    And the difference of Commission leads by accrue-commission to "set commission-rate to 10.0% from 2026-02-01"
    And the books come out again as they were posted in FY2026-P01
    And nothing in the books has changed
    When somebody asks what if newest-first through FY2026-P02
    Then beside each other stand
      | role             | part | period     | as it is | what if | difference |
      | product-revenue  | X100 | FY2026-P01 | 400      | 480     | 80         |
      | product-revenue  | X100 | FY2026-P02 | 400      | 440     | 40         |
      | deferred-revenue | X100 | FY2026-P01 | 1,320    | 1,240   | -80        |
      | deferred-revenue | X100 | FY2026-P02 | 920      | 800     | -120       |
    And the difference of Deferred revenue leads by recognise to "in channel leave newest first by ship-date, then document"
    When somebody tries to ask what if nobody-pays
    Then the question is refused: "sell-through has no scenario nobody-pays"
    When somebody supposes through FY2026-P01 that these sales had come
      | number | date       | partner | part | quantity | seller |
      | INV-9  | 2026-01-28 | ACME    | X100 | 30       | KIM    |
    Then beside each other stand
      | role               | partner | period     | as it is | what if | difference |
      | product-revenue    | ACME    | FY2026-P01 | 400      | 700     | 300        |
      | commission-expense | ACME    | FY2026-P01 | 20       | 35      | 15         |
    And the difference of Product revenue leads by recognise to "1 row of sale in sales_6.csv"
    And nothing in the books has changed
    When somebody supposes through FY2026-P01 that these sales had come
      | number | date       | partner | part | quantity | seller |
      | INV-10 | 2026-01-28 | ACME    | X100 | many     | KIM    |
    Then the question is refused: "sales_7.csv:2 cannot be supposed"

  Scenario: Sales to come, released by layer, with their commission
    Two shipments: 100 units at 10, then 60 at 12. Eighty units sell in February and release 80 x 10 = 800; 20 x 10 +
    60 x 12 = 920 stay deferred. Commission is 5 % of what is released: 40.

    The last eight weeks sold 80, ten a week. March, a month of the first quarter, has 4 weeks and 3 days: 10 x 90 % x 31/7
    = 39.86, so 40 units: 20 at 10 and 20 at 12 release 440. April, of the second: 10 x 110 % x 30/7 = 47.14 brings the total
    to 87 units, 47 more, but only 40 are held: 40 x 12 = 480 is released and 7 units are beyond what is held. Commission
    follows: 22 and 24.

    Given sell through under scenarios
    And the partners ACME
    And the parts X100
    And these sellers
      | seller | plan     |
      | KIM    | standard |
    And these shipments
      | document | date       | partner | part | quantity | unit price |
      | S-1      | 2026-02-02 | ACME    | X100 | 100      | 10         |
      | S-2      | 2026-02-05 | ACME    | X100 | 60       | 12         |
    And these sales
      | number | date       | partner | part | quantity | seller |
      | INV-1  | 2026-02-10 | ACME    | X100 | 40       | KIM    |
      | INV-2  | 2026-02-15 | ACME    | X100 | 40       | KIM    |
    When what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    And somebody asks what if two-months-ahead
    Then beside each other stand
      | role               | period     | as it is | what if | difference |
      | product-revenue    | FY2026-P02 | 800      | 800     | 0          |
      | product-revenue    | FY2026-P03 | 0        | 440     | 440        |
      | product-revenue    | FY2026-P04 | 0        | 480     | 480        |
      | deferred-revenue   | FY2026-P02 | 920      | 920     | 0          |
      | deferred-revenue   | FY2026-P03 | 920      | 480     | -440       |
      | deferred-revenue   | FY2026-P04 | 920      | 0       | -920       |
      | commission-expense | FY2026-P02 | 40       | 40      | 0          |
      | commission-expense | FY2026-P03 | 0        | 22      | 22         |
      | commission-expense | FY2026-P04 | 0        | 24      | 24         |
    And these units are projected
      | kind | period     | units | unserved |
      | sale | FY2026-P03 | 40    | 0        |
      | sale | FY2026-P04 | 40    | 7        |
    And nothing in the books has changed

  Scenario: The trend of a part, shared by those who sell it, and how far off it was
    January sold 31 units, February 56, March 93: 7, 14 and 21 a week of X100. The line through them goes on to 28 and 35;
    with three periods there is no season to tell. ACME and ECHO each sold 90 of the 180, so each sells half: 14 a week in
    April, 60 units in its 30 days, and 17.5 in May, 77.5 more, which brings the running total to 138. At 10 apiece that
    releases 600 and 780 each.

    With March held back, the line through 7 and 14 is right: 21 a week, 93 units. But ECHO had sold 52 of 87, and sold 38
    of March's 93: 56 were projected for it, and 37 for ACME, which sold 55. Off by 18 and 18, 36 of 93 units are 38.7 %.
    Going on as in February would be 4 x 31/28 = 4.43 for ACME and 57.57 for ECHO: 50.57 + 19.57 = 70.14, or 75.4 %.

    Given sell through under scenarios
    And the partners ACME, ECHO
    And the parts X100
    And these shipments
      | document | date       | partner | part | quantity | unit price |
      | S-1      | 2026-01-02 | ACME    | X100 | 300      | 10         |
      | S-2      | 2026-01-02 | ECHO    | X100 | 300      | 10         |
    And these sales
      | number | date       | partner | part | quantity |
      | INV-1  | 2026-01-10 | ACME    | X100 | 31       |
      | INV-2  | 2026-02-10 | ACME    | X100 | 4        |
      | INV-3  | 2026-02-10 | ECHO    | X100 | 52       |
      | INV-4  | 2026-03-10 | ACME    | X100 | 55       |
      | INV-5  | 2026-03-10 | ECHO    | X100 | 38       |
    When what is known on 2026-04-02 is loaded
    And FY2026-P02 is closed on trial
    And somebody asks what if as-the-trend-goes through FY2026-P03
    Then beside each other stand
      | role            | partner | period     | as it is | what if | difference |
      | product-revenue | ACME    | FY2026-P02 | 350      | 350     | 0          |
      | product-revenue | ECHO    | FY2026-P02 | 520      | 520     | 0          |
      | product-revenue | ACME    | FY2026-P03 | 550      | 550     | 0          |
      | product-revenue | ECHO    | FY2026-P03 | 380      | 380     | 0          |
      | product-revenue | ACME    | FY2026-P04 | 0        | 600     | 600        |
      | product-revenue | ECHO    | FY2026-P04 | 0        | 600     | 600        |
      | product-revenue | ACME    | FY2026-P05 | 0        | 780     | 780        |
      | product-revenue | ECHO    | FY2026-P05 | 0        | 780     | 780        |
    When somebody asks how far off as-the-trend-goes was in the last 1 period through FY2026-P03
    Then it was off by
      | kind | period     | moved | projected | error | total error | naive error |
      | sale | FY2026-P03 | 93    | 93        | 0.387 | 0           | 0.754       |
