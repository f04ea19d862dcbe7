Feature: Deferred income, rolled forward
  What a seller through distributors defers is shown as a table in its filings: where the balance began, each line that moved
  it, where it ended. Each line here is a fact in thousands with its sign, as the filing prints it; each is booked by a
  journal of its name, and the ending follows. Where a table has several columns, each is put into a month of its own, so
  that the next begins where it ended.

  Scenario: Altera, 2010, 2011 and nine months of 2012, one after another
    Altera Corp, notes on deferred income and allowances on sales to distributors: annual report 2011 (case 1) and the
    quarter to September 2013 (case 4). Each ending is the next beginning; those parts that are published foot to it.

    Given deferred income under a roll-forward
    And these movements
      | company | line                         | date       | thousands  |
      | ALTERA  | beginning                    | 2011-12-31 | 281,885    |
      | ALTERA  | deferred-revenue-on-shipment | 2012-01-31 | 7,771,347  |
      | ALTERA  | deferred-cost-on-shipment    | 2012-01-31 | -456,872   |
      | ALTERA  | change-in-advances           | 2012-01-31 | -5,618     |
      | ALTERA  | revenue-recognised           | 2012-01-31 | -1,361,037 |
      | ALTERA  | cost-recognised              | 2012-01-31 | 385,894    |
      | ALTERA  | price-concessions            | 2012-01-31 | -6,008,166 |
      | ALTERA  | returns                      | 2012-01-31 | -178,355   |
      | ALTERA  | other-changes                | 2012-01-31 | -367       |
      | ALTERA  | deferred-revenue-on-shipment | 2012-02-29 | 5,189,404  |
      | ALTERA  | deferred-cost-on-shipment    | 2012-02-29 | -279,875   |
      | ALTERA  | change-in-advances           | 2012-02-29 | 65,847     |
      | ALTERA  | revenue-recognised           | 2012-02-29 | -1,260,208 |
      | ALTERA  | cost-recognised              | 2012-02-29 | 283,308    |
      | ALTERA  | price-concessions            | 2012-02-29 | -4,021,944 |
      | ALTERA  | returns                      | 2012-02-29 | -127,646   |
      | ALTERA  | other-changes                | 2012-02-29 | 2,279      |
      | ALTERA  | deferred-revenue-on-shipment | 2012-03-31 | 4,006,945  |
      | ALTERA  | deferred-cost-on-shipment    | 2012-03-31 | -181,660   |
      | ALTERA  | revenue-recognised           | 2012-03-31 | -763,141   |
      | ALTERA  | cost-recognised              | 2012-03-31 | 176,455    |
      | ALTERA  | price-concessions            | 2012-03-31 | -3,057,927 |
      | ALTERA  | returns                      | 2012-03-31 | -61,531    |
      | ALTERA  | other-changes                | 2012-03-31 | 1,334      |
    And these components
      | company | component                 | as of      | thousands |
      | ALTERA  | gross-deferred-revenue    | 2012-01-31 | 529,332   |
      | ALTERA  | deferred-cost-of-sales    | 2012-01-31 | -42,044   |
      | ALTERA  | advances-to-distributors  | 2012-01-31 | -66,495   |
      | ALTERA  | other-deferred-revenue    | 2012-01-31 | 7,918     |
      | ALTERA  | gross-deferred-revenue    | 2012-02-29 | 302,815   |
      | ALTERA  | deferred-cost-of-sales    | 2012-02-29 | -30,536   |
      | ALTERA  | advances-to-distributors  | 2012-02-29 | -648      |
      | ALTERA  | other-deferred-revenue    | 2012-02-29 | 8,245     |
    When what is known on 2012-04-02 is loaded
    And FY2012-P01 is closed for good
    Then the deferred income is
      | movement                     | amount         |
      | beginning                    | 281,885,000    |
      | deferred-revenue-on-shipment | 7,771,347,000  |
      | deferred-cost-on-shipment    | -456,872,000   |
      | change-in-advances           | -5,618,000     |
      | revenue-recognised           | -1,361,037,000 |
      | cost-recognised              | 385,894,000    |
      | price-concessions            | -6,008,166,000 |
      | returns                      | -178,355,000   |
      | other-changes                | -367,000       |
      | closing                      | 428,711,000    |
    And no control is broken
    When FY2012-P02 is closed for good
    Then among the deferred income is
      | movement | amount      |
      | opening  | 428,711,000 |
      | closing  | 279,876,000 |
    And no control is broken
    When FY2012-P03 is closed on trial
    Then among the deferred income is
      | movement                     | amount         |
      | opening                      | 279,876,000    |
      | deferred-revenue-on-shipment | 4,006,945,000  |
      | price-concessions            | -3,057,927,000 |
      | closing                      | 400,351,000    |
    And every tie-out holds

  Scenario: Altera, nine months of 2013
    The same notes (case 4). The last quarter of 2012 is not in them, so the balance is brought forward.

    Given deferred income under a roll-forward
    And these movements
      | company | line                         | date       | thousands  |
      | ALTERA  | beginning                    | 2012-12-31 | 345,993    |
      | ALTERA  | deferred-revenue-on-shipment | 2013-09-27 | 4,343,526  |
      | ALTERA  | deferred-cost-on-shipment    | 2013-09-27 | -194,429   |
      | ALTERA  | revenue-recognised           | 2013-09-27 | -776,649   |
      | ALTERA  | cost-recognised              | 2013-09-27 | 190,124    |
      | ALTERA  | price-concessions            | 2013-09-27 | -3,410,814 |
      | ALTERA  | returns                      | 2013-09-27 | -57,532    |
      | ALTERA  | other-changes                | 2013-09-27 | 4,486      |
    And these components
      | company | component              | as of      | thousands |
      | ALTERA  | gross-deferred-revenue | 2013-09-27 | 461,748   |
      | ALTERA  | deferred-cost-of-sales | 2013-09-27 | -29,449   |
      | ALTERA  | other-deferred-revenue | 2013-09-27 | 12,406    |
    When what is known on 2013-10-02 is loaded
    And FY2013-P09 is closed on trial
    Then among the deferred income is
      | movement  | amount      |
      | beginning | 345,993,000 |
      | closing   | 444,705,000 |
    And no control is broken
    # The parts are held against the balance: one that is a thousand too high is told.
    When these components become known
      | company | component    | as of      | thousands |
      | ALTERA  | advances-to-distributors | 2013-09-27 | 1         |
    And what is known on 2013-10-03 is loaded
    And FY2013-P09 is closed on trial
    Then these controls are broken
      | name       | code              | rows   |
      | parts-foot | parts-do-not-foot | ALTERA |

  Scenario: An allowance for ship and debit over three years
    Power Integrations, annual report 2015, Schedule II (case 14). The endings of 2013 and 2014 are published; that of 2015 is
    derived by footing, as the stored page ends before it.

    Given deferred income under a reserve
    And these movements
      | company | line      | date       | thousands |
      | POWI    | beginning | 2013-12-31 | 23,040    |
      | POWI    | charged   | 2014-01-31 | 172,621   |
      | POWI    | deducted  | 2014-01-31 | -166,965  |
      | POWI    | charged   | 2014-02-28 | 177,260   |
      | POWI    | deducted  | 2014-02-28 | -178,531  |
      | POWI    | charged   | 2014-03-31 | 195,669   |
      | POWI    | deducted  | 2014-03-31 | -188,679  |
    When what is known on 2014-04-02 is loaded
    And FY2014-P01 is closed for good
    Then the reserve is
      | movement  | amount       |
      | beginning | 23,040,000   |
      | charged   | 172,621,000  |
      | deducted  | -166,965,000 |
      | closing   | 28,696,000   |
    When FY2014-P02 is closed for good
    Then the reserve is
      | movement | amount       |
      | opening  | 28,696,000   |
      | charged  | 177,260,000  |
      | deducted | -178,531,000 |
      | closing  | 27,425,000   |
    When FY2014-P03 is closed on trial
    Then the reserve is
      | movement | amount       |
      | opening  | 27,425,000   |
      | charged  | 195,669,000  |
      | deducted | -188,679,000 |
      | closing  | 34,415,000   |
    And every tie-out holds

  Scenario: Gross and net are two views of one set of books
    IDT, annual report 2017 (case 9): 9,460 of gross deferred revenue and 2,454 of deferred costs are a net deferred income of
    7,006; a year later 2,335 and 350 are 1,985. What moved them is not published, so it is one line.

    Given deferred income under gross and net
    And these balance sheets
      | company | as of      | gross deferred revenue | gross deferred costs |
      | IDT     | 2016-03-31 | 9,460                  | 2,454                |
      | IDT     | 2016-04-30 | 2,335                  | 350                  |
    When what is known on 2016-05-02 is loaded
    And FY2016-P03 is closed for good
    Then the presentation is
      | gross deferred revenue | gross deferred costs | net deferred income |
      | 9,460,000              | 2,454,000            | 7,006,000           |
    When FY2016-P04 is closed on trial
    Then the presentation is
      | gross deferred revenue | gross deferred costs | net deferred income |
      | 2,335,000              | 350,000              | 1,985,000           |
    And the movements of both are
      | role             | movement             | amount     |
      | deferred-revenue | opening              | 9,460,000  |
      | deferred-revenue | bring-to-what-stands | -7,125,000 |
      | deferred-revenue | closing              | 2,335,000  |
      | deferred-cost    | opening              | 2,454,000  |
      | deferred-cost    | bring-to-what-stands | -2,104,000 |
      | deferred-cost    | closing              | 350,000    |
    And every tie-out holds
